"""`{% colon %}`, `{% comma %}`, `{% semicolon %}`: marks between variables, in any language."""

from django import template

from dedup_site import punctuation

register = template.Library()

register.simple_tag(punctuation.colon)
register.simple_tag(punctuation.comma)
register.simple_tag(punctuation.semicolon)
