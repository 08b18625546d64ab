"""Load the target, whatever its kind, read it back, and prove every count from source to target."""

from typing import Any

from prefect import flow

from flows.parameters import Loading
from tasks import artifacts, data_docs, loading, proving


@flow(name="load_target", flow_run_name="load")
def load_target(parameters: Loading | None = None) -> dict[str, Any]:
    """Show what would be created, changed, left and refused; without `dry_run` do it, and prove it by reading back.

    Rows that the target refused are listed; a sum that does not add up fails the run.
    """
    chosen = parameters or Loading()
    result = loading.load(dry_run=chosen.dry_run, despite=chosen.despite)
    artifacts.show_load(result)
    artifacts.show_data_docs(data_docs.publish_data_docs())
    if not chosen.dry_run:
        proof = proving.prove()
        artifacts.show_proof(proof)
        proving.require(proof)
    return result
