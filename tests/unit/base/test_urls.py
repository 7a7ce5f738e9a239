"""Which addresses may be redirected to."""

from __future__ import annotations

import pytest

from lms.base.urls import is_https_address, is_loopback, is_safe_path, safe_path


@pytest.mark.parametrize("path", ["/", "/courses", "/learn/a/b?x=1#y", "/go/stripe/customer-portal?c=a.b-c_d"])
def test_paths_of_this_site(path: str) -> None:
    assert is_safe_path(path)


@pytest.mark.parametrize(
    "path",
    ["", "courses", "//evil.example", "/\\evil.example", "\\/evil.example", "/a\\b", "/a b", "/a\nb", "/a\rb", "/\t/x",
     "/\x00", "https://evil.example", "javascript:alert(1)", "/\u2028"],
)  # fmt: skip
def test_everything_else_is_refused(path: str) -> None:
    assert not is_safe_path(path)
    assert safe_path(path, "/account") == "/account"


@pytest.mark.parametrize("address", ["https://school.example", "https://school.example:8443/a?b=c"])
def test_complete_https_addresses(address: str) -> None:
    assert is_https_address(address)


@pytest.mark.parametrize(
    "address",
    ["http://school.example", "javascript:alert(1)", "//school.example", "https://", "https://a@school.example",
     "https://school.example/\r\nX: y", "https://school.example/a b", "https:\\\\school.example", "https://[::1"],
)  # fmt: skip
def test_no_https_addresses(address: str) -> None:
    assert not is_https_address(address)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://127.0.0.1:8420", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:1", True),
        ("http://localhost", True),
        ("http://127.0.0.1.evil.example", False),
        ("https://api.stripe.com", False),
        ("http://10.0.0.1", False),
    ],
)
def test_loopback(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected
