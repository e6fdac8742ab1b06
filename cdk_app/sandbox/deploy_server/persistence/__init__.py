"""What a server keeps over a restart when it has a data directory."""
