"""Turn the latest extract into clean rows, and set aside what cannot be."""

from typing import Any

from prefect import flow

from flows.parameters import Cleansing
from tasks import artifacts, cleansing, data_docs, published


@flow(name="cleanse", flow_run_name="cleanse")
def cleanse(parameters: Cleansing | None = None) -> dict[str, Any]:
    """Mend what may be mended, quarantine the rest with reasons, and prove that rows and energy add up."""
    chosen = parameters or Cleansing()
    result = cleansing.cleanse_latest(chosen.source or str(chosen.back_office))
    artifacts.show_cleansing(result)
    published.score_published()
    artifacts.show_data_docs(data_docs.publish_data_docs())
    return result
