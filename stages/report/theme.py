"""The colours of the page's style sheet and charts, one set for light and one for dark mode.

Text has a contrast of at least 4.5 with its background, marks at least 3 (WCAG 2.2, 1.4.3 and
1.4.11).
"""

from typing import Any

# With more than twelve models, the colours repeat.
LIGHT = {
    "page": "#ffffff",
    "surface": "#f6f7f9",
    "line": "#d5dae1",
    "ink": "#1b1f24",
    "muted": "#57606a",
    "link": "#0a58ca",
    "models": [
        "#1f63c4", "#c2540a", "#1a7f4b", "#8b3fc7", "#b8336a", "#0d7f8f",
        "#7a6200", "#5a5fd0", "#a04a1f", "#4d7c0f", "#c026a8", "#5f6b7a",
    ],
    "many": ["#fdf3ea", "#f08a3c"],
    "either": ["#7fb0f5", "#ffffff", "#f5a469"],
}  # fmt: skip
DARK = {
    "page": "#15181d",
    "surface": "#1e2229",
    "line": "#3a414b",
    "ink": "#e8eaed",
    "muted": "#a8b0ba",
    "link": "#7db2ff",
    "models": [
        "#6ea8ff", "#ff9d4d", "#4ccf8a", "#c39bff", "#ff85b0", "#3fcbe0",
        "#e0c040", "#a3a8ff", "#e6a07c", "#a5d24a", "#f58be0", "#a9b4c2",
    ],
    "many": ["#2c2621", "#8a4a12"],
    "either": ["#2a5ca8", "#15181d", "#8a4a12"],
}  # fmt: skip


def of(colours: dict[str, Any]) -> dict[str, Any]:
    """Return Vega-Lite's configuration with these colours."""
    ink, muted, line = (colours[name] for name in ("ink", "muted", "line"))
    return {
        "background": None,
        "font": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
        "view": {"stroke": None},
        # Screen readers read a chart's description, not each mark.
        "mark": {"aria": False},
        "axis": {
            "labelColor": muted,
            "titleColor": muted,
            "titleFontWeight": "normal",
            "gridColor": line,
            "domainColor": line,
            "tickColor": line,
            "labelFontSize": 11,
            "titleFontSize": 11,
            "labelLimit": 90,
        },
        "legend": {"labelColor": muted, "symbolFillColor": muted, "symbolStrokeColor": muted},
        "text": {"color": ink, "fontSize": 11},
        "rule": {"color": muted},
        "style": {"aside": {"color": muted}},
        "range": {
            "category": colours["models"],
            "heatmap": colours["many"],
            "diverging": colours["either"],
        },
    }
