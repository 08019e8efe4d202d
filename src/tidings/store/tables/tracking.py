"""Conversions: what people did on the brand's own site, once for each key."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, UniqueConstraint

from tidings.store.tables.base import BigKey, instant, metadata, pk, public_id, text

conversion = Table(
    "conversion",
    metadata,
    pk(),
    public_id(primary=False),
    text("key", None),  # the asker's own name for it, an order number: the rule that nothing counts twice
    text("name"),
    instant("at"),
    Column("contact_pk", BigKey, nullable=False, index=True),
    Column("campaign_pk", BigKey, nullable=True),  # None: no campaign has earned it
    Column("step", Integer, nullable=False, default=0),
    text("variant"),
    Column("value_milli", BigInteger, nullable=False, default=0),  # thousandths: exact for every currency
    text("currency"),
    text("source", None),  # api | pixel | postback
    text("attributed_by"),  # click id | last click
    UniqueConstraint("key"),
    Index("ix_conversion_campaign_pk_variant", "campaign_pk", "variant"),
)
