from django.apps import AppConfig


class ProjectConfig(AppConfig):
    """The project as an app: its commands and its start-up checks."""

    name = "vIOP"
    label = "viop"

    def ready(self) -> None:
        from vIOP import checks  # noqa: F401 - registers them
