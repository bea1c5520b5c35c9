"""The addresses of pictures."""

from django.urls import path, register_converter

from scanning.services.renditions import Size
from scanning.views import pictures, reveals

app_name = "pictures"


class SizeConverter:
    """One of the sizes that renditions come in."""

    regex = "|".join(Size.values)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(SizeConverter, "size")

urlpatterns = [
    path("reveal/", reveals.reveal, name="reveal"),
    path("<int:pk>/<size:size>/", pictures.show, name="show"),
    path(
        "<int:pk>/part/<int:left>-<int:top>-<int:width>-<int:height>/",
        pictures.part,
        name="part",
    ),
]
