"""Addresses of consents, disclosures and reports."""

from __future__ import annotations

from django.urls import path

from sessions.web.views import papers, reports

urlpatterns = [
    path("papers/", papers.own, name="papers"),
    path("papers/<uuid:consent_id>", papers.paper, name="paper"),
    path("files/", papers.files, name="files"),
    path("files/<uuid:program_id>/<uuid:person_id>/", papers.file, name="file"),
    path("files/<uuid:program_id>/<uuid:person_id>/offer", papers.offer, name="offer-paper"),
    path("files/<uuid:program_id>/<uuid:person_id>/told", papers.told, name="told"),
    path("files/<uuid:program_id>/<uuid:person_id>/told.csv", papers.told_csv, name="told-csv"),
    path("files/<uuid:program_id>/<uuid:person_id>/report", reports.choose, name="report-new"),
    path("meetings/<uuid:meeting_id>/report", reports.of_meeting, name="meeting-report"),
    path("reports/orders/<uuid:order_id>", reports.order, name="report-order"),
    path("reports/<uuid:report_id>/file", reports.download, name="report-file"),
]
