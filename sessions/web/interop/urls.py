"""Addresses for other systems, and the pages on which they and files are let in."""

from __future__ import annotations

from django.urls import path, re_path

from sessions.web.interop import api, import_page, systems_page

urlpatterns = [
    path("oauth/token", api.token, name="oauth-token"),
    path("api/openapi.json", api.described, name="openapi"),
    path("fhir/", api.nothing, name="fhir"),
    path("fhir/metadata", api.capabilities, name="fhir-metadata"),
    path("fhir/.well-known/smart-configuration", api.smart, name="smart-configuration"),
    path("fhir/<slug:kind>", api.kind, name="fhir-kind"),
    path("fhir/<slug:kind>/<slug:resource_id>", api.resource, name="fhir-resource"),
    re_path(r"^fhir/(?P<rest>.*)$", api.nothing, name="fhir-nothing"),
    path("programs/<uuid:program_id>/systems", systems_page.page, name="systems"),
    path("programs/<uuid:program_id>/systems/<uuid:system_id>/end", systems_page.end, name="system-end"),
    path("programs/<uuid:program_id>/import", import_page.page, name="import"),
]
