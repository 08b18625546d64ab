"""The few members of payloads that learning reads beside those of `charging.ocpp.relay.peek`."""

from decimal import Decimal

from charging.ocpp.relay.peek import Evse, Payload, TransactionInfo

REGISTER = "Energy.Active.Import.Register"
"""What a sampled value is of where it does not say (OCPP 1.6 §7.44, 2.0.1 SampledValueType)."""
_CHARGING = frozenset({"Charging", "SuspendedEV", "SuspendedEVSE"})


class Asked(Payload, gc=False):
    """TriggerMessage.req."""

    requested_message: str | None = None


class Answer(Payload, gc=False):
    """Any answer that says no more than whether it is obeyed."""

    status: str | None = None


class Ended(TransactionInfo, gc=False):
    """OCPP 2.x TransactionType, of a transaction that has ended."""

    stopped_reason: str | None = None


class Sample(Payload, gc=False):
    """OCPP 2.x SampledValueType."""

    value: Decimal | None = None
    measurand: str = REGISTER


class Metering(Payload, gc=False):
    """OCPP 2.x MeterValueType."""

    sampled_value: tuple[Sample, ...] = ()


class TransactionEvent(Payload, gc=False):
    """OCPP 2.x TransactionEventRequest."""

    event_type: str | None = None
    timestamp: str | None = None
    transaction_info: Ended | None = None
    evse: Evse | None = None
    meter_value: tuple[Metering, ...] = ()

    def registers(self) -> list[Decimal]:
        """Return what the register showed, in the order told."""
        samples = [sample for each in self.meter_value for sample in each.sampled_value]
        return [one.value for one in samples if one.value is not None and one.measurand == REGISTER]


class Component(Payload, gc=False):
    """OCPP 2.x ComponentType."""

    name: str | None = None
    evse: Evse | None = None


class Variable(Payload, gc=False):
    """OCPP 2.x VariableType."""

    name: str | None = None


class Event(Payload, gc=False):
    """OCPP 2.x EventDataType."""

    actual_value: str | None = None
    component: Component | None = None
    variable: Variable | None = None


class NotifyEvent(Payload, gc=False):
    """OCPP 2.x NotifyEventRequest."""

    event_data: tuple[Event, ...] = ()


def is_charging(status: str) -> bool:
    """Whether a connector with this status of OCPP 1.6 has a charge."""
    return status in _CHARGING
