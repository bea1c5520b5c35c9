"""The site's addresses, assembled from its rooms."""

from django.urls import include, path

from review.querysets import undecided
from scanning.views.home import home

urlpatterns = [
    path("", home, {"only_undecided": undecided}, name="home"),
    path("", include("dedup_site.urls_public")),
    path("", include("dedup_site.accounts.urls")),
    path("", include("scanning.urls")),
    path("", include("scanning.urls_access")),
    path("audit/", include("scanning.urls_audit")),
    path("pictures/", include("scanning.urls_pictures")),
    path("review/", include("review.urls")),
]
