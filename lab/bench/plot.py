"""Draw evacuations as bars: each job in each way, as a multiple of the raw copy. Pure.

Pygal draws it: it writes SVG itself and needs nothing else. The same figures give the same bytes, so that a new picture
in the history means new figures.
"""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

import pygal
from pygal.style import Style

from lab.bench.figures import RAW, Measured
from lab.bench.jobs import JOBS
from lab.bench.ways import WAYS

_COLORS = ("#888888", "#d1495b", "#1f6fb2", "#4f9d69", "#d99a1c", "#8e6bbf")
_STYLE = Style(
    background="white",
    plot_background="white",
    font_family="sans-serif",
    colors=_COLORS,
    opacity=".85",
    transition="none",
    title_font_size=15,
    value_font_size=11,
    label_font_size=12,
    major_label_font_size=12,
    legend_font_size=12,
)


def draw(found: Sequence[Measured]) -> str:
    """Write the SVG; a way that was refused or not measured has no bar."""
    chart = pygal.Bar(
        style=_STYLE,
        width=960,
        height=440,
        explicit_size=True,
        disable_xml_declaration=True,
        js=(),
        title="Time to empty a PV (the shorter, the better)",
        y_title="times the raw copy",
        x_labels=[JOBS[each.job].label for each in found],
        truncate_label=-1,
        truncate_legend=-1,
        print_values=True,
        print_values_position="top",
        value_formatter=lambda value: f"{value:.2f}",
        zero=0,
        include_x_axis=True,
        legend_at_bottom=True,
        legend_at_bottom_columns=len(WAYS),
    )
    # Else it is a random one.
    chart.uuid = "evacuations"
    chart.add_xml_filter(_bare)
    for way, label in WAYS.items():
        chart.add(label, [each.slower(way, RAW) for each in found])
    return f"{chart.render(is_unicode=True)}\n"


def _bare(root: Element) -> Element:
    """Take out comments, which bear the day, and scripts, which no page runs in an image."""
    for parent in list(root.iter()):
        for child in list(parent):
            if not isinstance(child.tag, str) or child.tag.rpartition("}")[2] == "script":
                parent.remove(child)
    return root
