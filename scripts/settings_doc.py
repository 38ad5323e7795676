"""Prints docs/reference/settings.md from the settings themselves."""

from securevision.settings import Settings, setting_names

print("""# Settings

Environment variables, or lines of the same form in a file `.env` in the working directory; the environment wins.
An unknown name stops the start and names the nearest setting. Made by `make docs`.

| setting | default | meaning |
|---|---|---|""")
defaults = Settings.model_construct()
for name, meaning in setting_names():
    section, key = name.lower().split("__")
    default = getattr(getattr(defaults, section), key)
    shown = "" if default is None else f"`{str(default).lower() if isinstance(default, bool) else default}`"
    print(f"| `SECUREVISION__{name}` | {shown} | {meaning} |")
