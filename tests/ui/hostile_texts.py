"""Texts that would do something on a page if any of them were taken for more than text."""

HOSTILE = [
    '<img src=x onerror="fetch(`http://evil.test/`)"> <b>bold</b>',
    "<script>document.title = 'taken'</script>",
    "![a](http://evil.test/a.png) ![b][c] [c]: http://evil.test/c.png",
    "[x](javascript:alert(1)) [y](http://evil.test) <http://evil.test>",
    "http://evil.test www.evil.test someone@evil.test",
    "</div></section><style>body{display:none}</style>",
    "**bold** __bold__ ~~gone~~ `code` ***",
    "# heading",
    "> quote",
    "1. list",
    "| a | b |",
    ":red[red] :smile: :material/flag: :streamlit: :blue-background[x]",
    "$x^2$ $$y$$ a -> b <- c -- d >= e",
    "&lt;b&gt; &#60;b&#62; &amp;",
]
