"""Read a back-office as it is, into landing."""

from typing import Any

from prefect import flow

from flows.parameters import Extraction
from tasks import artifacts, extraction


@flow(name="extract_legacy", flow_run_name="extract")
def extract_legacy(parameters: Extraction | None = None) -> dict[str, Any]:
    """Land every row of a back-office with a manifest; the same content again lands nothing twice."""
    chosen = parameters or Extraction()
    manifest = extraction.extract_back_office(str(chosen.back_office))
    artifacts.show_extract(manifest)
    return manifest
