"""Day to day: what is asked of what is declared and live, besides bringing it into line."""
