"""Read a legacy source as it is, into landing."""

from typing import Any

from prefect import flow

from flows.parameters import BackOfficeName, Extraction, SourceKind
from tasks import artifacts, data_docs, freezing, sources


@flow(name="extract_legacy", flow_run_name="extract")
def extract_legacy(parameters: Extraction | None = None) -> dict[str, Any]:
    """Land every row of a source with a manifest; the same content again lands nothing twice.

    Where a freeze is set, what the legacy changed in its master data since then is shown beside it.
    """
    chosen = parameters or Extraction()
    named = chosen.model_dump(mode="json", exclude={"delta"})
    manifest = sources.extract_source(named, delta=chosen.delta)
    artifacts.show_extract(manifest)
    artifacts.show_data_docs(data_docs.publish_data_docs())
    is_legacy = chosen.kind is SourceKind.STEVE and chosen.back_office is BackOfficeName.LEGACY
    if is_legacy and (found := freezing.check_freeze("legacy")) is not None:
        artifacts.show_freeze(found)
    return manifest
