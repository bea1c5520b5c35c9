"""Traditional Chinese in Hong Kong: thousands are grouped as in English (1,234,567)."""

THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
