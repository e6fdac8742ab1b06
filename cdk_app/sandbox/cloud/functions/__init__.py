"""Lambda: event source mappings, as far as MiniStack's differ from AWS's."""
