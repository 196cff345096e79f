"""What a run leaves behind: outputs, metrics, the run record and its JSON Schema."""
