"""The project: settings, routing, start-up. Importing the Celery app here lets shared tasks find it."""

from vIOP.celery import app as celery_app

__all__ = ["celery_app"]
