"""Pinned files from elsewhere: model files and the demo portrait. The only room that downloads.

`manifest` says which files, `store` keeps them, `pull` asks their sources, `download` and `wheels` are the
two kinds of source. A file is used only while its SHA-256 is the pinned one.
"""
