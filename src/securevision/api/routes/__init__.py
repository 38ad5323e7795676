"""The routes, a file per noun; `table.py` lists them all."""
