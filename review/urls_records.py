"""The addresses of matters, holds, releases and retention; part of `review.urls`."""

from django.urls import path

from review.views import hold_reports, holds, matters, personal_data, releases, retention, schemes

urlpatterns = [
    path("matters/", matters.matters, name="matters"),
    path("matters/<int:pk>/", matters.matter, name="matter"),
    path("matters/<int:pk>/change/", matters.change, name="matter_change"),
    path("matters/<int:pk>/state/", matters.change_state, name="matter_state"),
    path("matters/<int:pk>/hold/", holds.place, name="hold_place"),
    path("matters/holds/", hold_reports.holds, name="holds"),
    path("matters/holds/export/", hold_reports.export_holds, name="holds_export"),
    path("matters/holds/<int:pk>/release/", releases.propose, name="hold_release"),
    path("matters/releases/", hold_reports.releases, name="releases"),
    path("matters/releases/export/", hold_reports.export_releases, name="releases_export"),
    path("matters/releases/<int:pk>/approve/", releases.approve, name="release_approve"),
    path("matters/releases/<int:pk>/withdraw/", releases.withdraw, name="release_withdraw"),
    path("retention/", retention.overview, name="retention"),
    path("retention/classes/", retention.make_class, name="record_class_new"),
    path("retention/rules/new/", retention.new_rule, name="rule_new"),
    path("retention/rules/<slug:code>/", retention.rule, name="rule"),
    path("retention/changes/rule/<int:pk>/", retention.rule_change, name="rule_change"),
    path("retention/libraries/<int:pk>/", schemes.scheme, name="scheme"),
    path("retention/changes/library/<int:pk>/", schemes.scheme_change, name="scheme_change"),
    path("retention/personal-data/", personal_data.overview, name="personal_data"),
    path("retention/personal-data/export/", personal_data.export, name="personal_data_export"),
]
