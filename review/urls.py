"""The addresses of the review desk."""

from django.urls import path

from review.urls_plans import urlpatterns as plans
from review.urls_quality import urlpatterns as quality
from review.urls_records import urlpatterns as records
from review.views import (
    answers,
    colleagues,
    decision_exports,
    desk,
    groups,
    history,
    known,
    queue,
    queue_choices,
    reasons,
)
from review.views.known import or_known

app_name = "review"

urlpatterns = [
    path("", queue.queue, name="queue"),
    path("order/", queue_choices.order, name="order"),
    path("filters/", queue_choices.save, name="filter_save"),
    path("filters/<int:pk>/remove/", queue_choices.drop, name="filter_drop"),
    path("reasons/", reasons.overview, name="reasons"),
    path("reasons/change/", reasons.change, name="reason_change"),
    path("next/", desk.next_pair, name="next"),
    path("pairs/<int:pk>/", or_known(desk.pair, known.pair), name="pair"),
    path("pairs/<int:pk>/decide/", or_known(answers.decide, known.decide), name="decide"),
    path("pairs/<int:pk>/skip/", or_known(answers.skip, known.skip), name="skip"),
    path("pairs/<int:pk>/lease/", or_known(answers.lease, known.lease), name="lease"),
    path("pairs/<int:pk>/release/", or_known(answers.release, known.release), name="release"),
    path(
        "pairs/<int:pk>/take-over/",
        or_known(colleagues.take_over, known.take_over),
        name="take_over",
    ),
    path("pairs/<int:pk>/refer/", or_known(colleagues.refer, known.refer), name="refer"),
    path("referrals/<int:pk>/send-back/", colleagues.send_back, name="send_back"),
    path("undo/", known.undo_last, name="undo_last"),
    path("decisions/<int:pk>/undo/", or_known(answers.undo, known.undo), name="undo"),
    path("groups/", groups.groups, name="groups"),
    path("groups/<int:pk>/", groups.group, name="group"),
    path("groups/<int:pk>/judge/", groups.judge, name="group_judge"),
    path("groups/<int:pk>/compare/", groups.compare, name="group_compare"),
    path("group-decisions/<int:pk>/", groups.look, name="group_look"),
    path("group-decisions/<int:pk>/undo/", groups.undo, name="group_undo"),
    path("history/", history.history, name="history"),
    path("history/export/", decision_exports.export, name="decision_export"),
    *quality,
    *records,
    *plans,
]
