"""Charts as pure functions: data in, a plain {"data", "layout"} dict out.

Colours are references to the theme and what every chart shares stands in theme.TEMPLATE; the browser puts both in.
A trace's `meta` asks the browser for hover texts that can be worked out from the values ("share", "duration"), so that
they need not be sent. `layout.meta.calls` (app/figures/drill.py) says which calls each of its points stands for.
"""
