"""The addresses of the review desk."""

from django.urls import path

from review.views import answers, desk, history, matters, queue

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
    path("history/", history.history, name="history"),
    path("matters/", matters.matters, name="matters"),
]
