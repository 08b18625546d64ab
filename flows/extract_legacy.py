"""Read a back-office as it is, into landing."""

from typing import Any

from prefect import flow

from flows.parameters import BackOfficeName, Extraction
from tasks import artifacts, extraction, freezing


@flow(name="extract_legacy", flow_run_name="extract")
def extract_legacy(parameters: Extraction | None = None) -> dict[str, Any]:
    """Land every row of a back-office with a manifest; the same content again lands nothing twice.

    Where a freeze is set, what the legacy changed in its master data since then is shown beside it.
    """
    chosen = parameters or Extraction()
    manifest = extraction.extract_back_office(str(chosen.back_office), delta=chosen.delta)
    artifacts.show_extract(manifest)
    if chosen.back_office is BackOfficeName.LEGACY and (found := freezing.check_freeze("legacy")) is not None:
        artifacts.show_freeze(found)
    return manifest
