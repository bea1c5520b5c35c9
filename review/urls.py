"""The addresses of the review desk."""

from django.urls import path

from review.urls_records import urlpatterns as records
from review.views import answers, desk, groups, history, queue

app_name = "review"

urlpatterns = [
    path("", queue.queue, name="queue"),
    path("next/", desk.next_pair, name="next"),
    path("pairs/<int:pk>/", desk.pair, name="pair"),
    path("pairs/<int:pk>/decide/", answers.decide, name="decide"),
    path("pairs/<int:pk>/skip/", answers.skip, name="skip"),
    path("pairs/<int:pk>/lease/", answers.lease, name="lease"),
    path("pairs/<int:pk>/release/", answers.release, name="release"),
    path("undo/", answers.undo_last, name="undo_last"),
    path("decisions/<int:pk>/undo/", answers.undo, name="undo"),
    path("groups/", groups.groups, name="groups"),
    path("groups/<int:pk>/", groups.group, name="group"),
    path("groups/<int:pk>/judge/", groups.judge, name="group_judge"),
    path("groups/<int:pk>/compare/", groups.compare, name="group_compare"),
    path("group-decisions/<int:pk>/", groups.look, name="group_look"),
    path("group-decisions/<int:pk>/undo/", groups.undo, name="group_undo"),
    path("history/", history.history, name="history"),
    *records,
]
