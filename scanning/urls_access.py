"""The addresses of the pages about people. No namespace: `people`, `person`."""

from django.urls import path

from scanning.views import access

urlpatterns = [
    path("people/", access.people, name="people"),
    path("people/new/", access.person_new, name="person_new"),
    path("people/<int:pk>/", access.person, name="person"),
    path("people/<int:pk>/roles/", access.person_roles, name="person_roles"),
    path("people/<int:pk>/scope/", access.person_scope, name="person_scope"),
    path("people/<int:pk>/library/", access.person_library, name="person_library"),
    path("people/<int:pk>/activity/", access.person_activity, name="person_activity"),
    path("people/<int:pk>/link/", access.person_link, name="person_link"),
]
