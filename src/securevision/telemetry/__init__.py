"""Log lines with secrets removed."""
