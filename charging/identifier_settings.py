"""The settings of EVSE ids: how long an old one answers, which DIN operators became which, what a change costs."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

_Din = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}\*[0-9]{3,6}$")]
_Operator = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{3}$")]
_Pattern = Annotated[str, StringConstraints(pattern=r"\{evse_id\}|\{compact\}", max_length=500)]
_Cost = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=4)]


class Remap(BaseModel):
    """How EVSE ids are remapped."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alias_days: int = Field(
        default=180,
        ge=0,
        le=3650,
        description="how long an id that was given up still answers: a CDR is proposed for write-off 90 days after its "
        "session, is invoiced up to a month later, and the answer to a dispute takes as long again",
    )
    din_operators: dict[_Din, _Operator] = Field(
        default_factory=dict,
        description='which operator code took over a DIN SPEC 91286 one, as its owner says: "49*823" = "823"',
    )


class Impact(BaseModel):
    """What a change of ids costs, and who is told. A cost that nobody has named is not known, and not nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sticker_cost: _Cost | None = Field(default=None, description="of one printed sticker")
    visit_cost: _Cost | None = Field(default=None, description="of one visit to a location")
    notice_cost: _Cost | None = Field(default=None, description="of telling one hub, access point or partner")
    registers: list[str] = Field(
        default=["national access point"],
        description="hubs, access points and registers to tell, beside the partners that have a file",
    )
    qr: dict[str, _Pattern] = Field(
        default_factory=dict,
        description='what a QR code holds, by operator: "NL*EVN" = "https://example.org/{evse_id}"; without one it '
        "holds the id alone, which promises no address",
    )
