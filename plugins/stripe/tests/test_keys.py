"""Which key goes where."""

from __future__ import annotations

import subprocess
import sys

import pytest
import stripe
from lms_stripe import client, keys
from lms_stripe.failures import WrongKey

SIMULATOR = "http://127.0.0.1:8420"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("pk_test_123456", "publishable key"),
        ("whsec_123456", "webhook endpoint"),
        ("hello", "no key of Stripe"),
        ("", "no key of Stripe"),
        ("rk_test_ab cd efgh", "no key of Stripe"),
    ],
)
def test_what_is_no_key_is_refused_with_a_sentence(site, key: str, words: str) -> None:
    with pytest.raises(WrongKey) as refusal:
        keys.read(key)
    assert words in refusal.value.sentence


@pytest.mark.parametrize(
    ("key", "kind", "livemode", "is_simulated"),
    [
        ("rk_test_51abcdEFGH", "restricted_key", False, False),
        ("sk_live_51abcdEFGH", "secret_key", True, False),
        ("rk_live_simulator_abcdEFGH", "restricted_key", True, True),
    ],
)
def test_a_key_says_its_kind_and_mode(key: str, kind: str, livemode: bool, is_simulated: bool) -> None:
    read = keys.read(key)
    assert (read.kind, read.livemode, read.is_simulated) == (kind, livemode, is_simulated)


@pytest.mark.parametrize(
    ("key", "base", "loopback", "production", "goes"),
    [
        ("rk_live_51abcdEFGH", "", False, True, True),
        ("rk_test_51abcdEFGH", "", False, False, True),
        ("rk_live_51abcdEFGH", SIMULATOR, True, False, False),
        ("rk_test_51abcdEFGH", SIMULATOR, True, False, True),
        ("rk_live_simulator_abcdEFGH", SIMULATOR, True, False, True),
        ("rk_live_simulator_abcdEFGH", SIMULATOR, True, True, False),
        ("rk_test_51abcdEFGH", "http://example.org", False, False, False),
        ("rk_live_simulator_abcdEFGH", "", False, False, False),
    ],
)
def test_a_live_key_never_meets_the_simulator_and_its_keys_never_meet_stripe(
    site, key: str, base: str, loopback: bool, production: bool, goes: bool
) -> None:
    def check() -> None:
        keys.check_destination(keys.read(key), base, is_loopback=loopback, is_production=production)

    if goes:
        check()
    else:
        with pytest.raises(WrongKey):
            check()


def test_the_pinned_version_is_the_packages_own() -> None:
    assert client.PINNED == stripe._api_version._ApiVersion.CURRENT


def test_describing_the_plugin_does_not_import_the_stripe_package() -> None:
    words = "import sys, lms_stripe.plugin; print('stripe' in sys.modules, 'requests' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "False False"
