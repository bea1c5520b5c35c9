"""The addresses of the audit log: `audit:events`, `audit:event`, `audit:export`, …"""

from django.urls import path

from scanning.views import audit

app_name = "audit"
urlpatterns = [
    path("", audit.events, name="events"),
    path("<int:pk>/", audit.event, name="event"),
    path("export/", audit.export, name="export"),
    path("checkpoint/", audit.checkpoint, name="checkpoint"),
    path("keys/", audit.keys, name="keys"),
]
