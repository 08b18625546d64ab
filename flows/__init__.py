"""What happens when: one Prefect flow per file, each a resumable state machine that reads like the runbook."""
