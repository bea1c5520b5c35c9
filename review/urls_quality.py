"""The addresses of the quality pages; part of `review.urls`."""

from django.urls import path

from review.views import known_quality, quality

urlpatterns = [
    path("quality/", quality.overview, name="quality"),
    path("quality/libraries/<int:pk>/", quality.library, name="quality_library"),
    path("quality/libraries/<int:pk>/rule/", quality.set_rule, name="quality_rule"),
    path("quality/libraries/<int:pk>/sample/", quality.draw, name="quality_sample"),
    path("quality/libraries/<int:pk>/export/", quality.export, name="quality_export"),
    path("quality/libraries/<int:pk>/known/rule/", known_quality.set_rule, name="known_rule"),
    path("quality/libraries/<int:pk>/known/make/", known_quality.make, name="known_make"),
    path("quality/libraries/<int:pk>/known/retire/", known_quality.retire, name="known_retire"),
    path("quality/disputes/<int:pk>/", quality.settle, name="quality_settle"),
]
