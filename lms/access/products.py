"""Products: what can be held, and what each of them opens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import delete, select

from lms.access.models import Product, ProductItem
from lms.audit import services as audit
from lms.base.problem import Conflict, Problem
from lms.base.text import slugify
from lms.db import session
from lms.host import state

COURSE = "course"
EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class ProductView:
    """A product and what it opens: these courses, or everything there is and will be."""

    id: int
    slug: str
    name: str
    course_ids: tuple[int, ...] = ()
    everything: bool = False
    active: bool = True


def create_product(
    *, slug: str, name: str, items: Sequence[tuple[str, int | None]], actor_id: int | None = None
) -> ProductView:
    """A new product that opens ``items``: ``("course", course id)`` or ``("everything", None)``.

    Raises ``Conflict`` for a slug that is taken, ``Problem`` for an empty name or nothing to open.
    """
    name, slug = name.strip(), slugify(slug or name)
    if not name or not slug:
        raise Problem(_("A product needs a name with letters in it."), status=422)
    _check_items(items)
    if session.scalar(select(Product.id).where(Product.slug == slug)) is not None:
        raise Conflict(_("There is a product with this short name already."), next_step=_("Choose another one."))
    product = Product(slug=slug, name=name[:200])
    session.add(product)
    session.flush()  # the items need its id
    _write_items(product.id, items)
    audit.record("product.created", actor_id=actor_id, subject=f"product/{product.id}", detail={"name": name})
    state.bump_content_version()
    return _views([product])[0]


def change_product(
    product_id: int, *, name: str, items: Sequence[tuple[str, int | None]], actor_id: int | None = None
) -> ProductView:
    """Give the product another name and other things to open, for everybody who holds it.

    Raises ``Problem`` as ``create_product`` does, ``LookupError`` for an unknown product.
    """
    product = _find(product_id)
    if not name.strip():
        raise Problem(_("A product needs a name with letters in it."), status=422)
    _check_items(items)
    product.name = name.strip()[:200]
    session.execute(delete(ProductItem).where(ProductItem.product_id == product_id))
    _write_items(product_id, items)
    audit.record("product.changed", actor_id=actor_id, subject=f"product/{product_id}", detail={"items": list(items)})
    state.bump_content_version()
    return _views([product])[0]


def archive_product(product_id: int, *, actor_id: int | None = None) -> None:
    """Sell the product no longer. Who holds it keeps what it opens. Raises ``LookupError``."""
    product = _find(product_id)
    if product.status != "archived":
        product.status = "archived"
        audit.record("product.archived", actor_id=actor_id, subject=f"product/{product_id}")
        state.bump_content_version()


def product(product_id: int) -> ProductView | None:
    """The product, archived or not."""
    found = session.get(Product, product_id)
    return _views([found])[0] if found else None


def product_by_slug(slug: str) -> ProductView | None:
    """The product with this short name, archived or not."""
    found = session.scalar(select(Product).where(Product.slug == slug))
    return _views([found])[0] if found else None


def products_by_id(product_ids: Collection[int]) -> dict[int, ProductView]:
    """Those of the products that there are, archived or not. Two queries, none for no products."""
    found = session.scalars(select(Product).where(Product.id.in_(product_ids))) if product_ids else ()
    return {view.id: view for view in _views(found)}


def products_by_slug(slugs: Collection[str]) -> dict[str, ProductView]:
    """The products with these short names, archived or not. Two queries, none for no names."""
    found = session.scalars(select(Product).where(Product.slug.in_(slugs))) if slugs else ()
    return {view.slug: view for view in _views(found)}


def products_named(words: str, *, limit: int) -> tuple[ProductView, ...]:
    """Products that are sold and whose name has the words, by name. Two queries."""
    query = select(Product).where(Product.status == "active").order_by(Product.name, Product.id).limit(limit)
    if words:
        query = query.where(Product.name.icontains(words, autoescape=True))
    return tuple(_views(session.scalars(query)))


def product_names(product_ids: Collection[int]) -> dict[int, str]:
    """The names of these products. One query, none for no products."""
    query = select(Product.id, Product.name).where(Product.id.in_(product_ids))
    return {row.id: row.name for row in session.execute(query)} if product_ids else {}


def products(*, after_id: int = 0, limit: int = 50) -> tuple[ProductView, ...]:
    """Products in the order they were made, from the one after ``after_id``."""
    query = select(Product).where(Product.id > after_id).order_by(Product.id).limit(limit)
    return tuple(_views(session.scalars(query)))


def products_for_course(course_id: int) -> tuple[ProductView, ...]:
    """Active products that open the course: those made for it first, then those that open everything."""
    opens = (ProductItem.course_id == course_id) | (ProductItem.kind == EVERYTHING)
    query = select(Product).where(
        Product.status == "active", Product.id.in_(select(ProductItem.product_id).where(opens))
    )
    return tuple(sorted(_views(session.scalars(query)), key=lambda view: (view.everything, view.id)))


def _find(product_id: int) -> Product:
    found = session.get(Product, product_id)
    if found is None:
        raise LookupError(f"no product {product_id}")
    return found


def _check_items(items: Sequence[tuple[str, int | None]]) -> None:
    for kind, ref in items:
        if kind not in (COURSE, EVERYTHING) or (kind == COURSE) != (ref is not None):
            raise ValueError(f"a product cannot open {kind!r} {ref!r}")
    if not items:
        raise Problem(_("Choose at least one course that the product opens."), status=422)


def _write_items(product_id: int, items: Iterable[tuple[str, int | None]]) -> None:
    for kind, ref in dict.fromkeys(items):
        session.add(ProductItem(product_id=product_id, kind=kind, course_id=ref))
    session.flush()  # a wrong course id shows here, not at the commit of somebody else's work


def _views(found: Iterable[Product]) -> list[ProductView]:
    rows = list(found)
    opened: dict[int, list[int]] = defaultdict(list)
    everything: set[int] = set()
    query = select(ProductItem.product_id, ProductItem.course_id).where(
        ProductItem.product_id.in_([row.id for row in rows])
    )
    for product_id, course_id in session.execute(query.order_by(ProductItem.id)) if rows else ():
        if course_id is None:
            everything.add(product_id)
        else:
            opened[product_id].append(course_id)
    return [
        ProductView(row.id, row.slug, row.name, tuple(opened[row.id]), row.id in everything, row.status == "active")
        for row in rows
    ]
