import pytest

from bot.simulated.slack.pages.mrkdwn import mrkdwn, plain


def html(text: str) -> str:
    names = {"U1": "maya", "C1": "deploys"}
    return str(mrkdwn(text, lambda identity: names.get(identity, identity)))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*bold* _italic_ ~gone~", "<b>bold</b> <i>italic</i> <s>gone</s>"),
        ("*bold _and italic_*", "<b>bold <i>and italic</i></b>"),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
        ("`*not* bold`", "<code>*not* bold</code>"),
        ("*see `code`*", "<b>see <code>code</code></b>"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 &lt; 2 &amp;&amp; 3 &gt; 2"),
        ("1 < 2 & so", "1 &lt; 2 &amp; so"),
        ("&amp;lt; stays", "&amp;lt; stays"),
        ("<script>alert(1)</script>", "scriptalert(1)/script"),
        (
            "<https://x.test/a_b?c=1&amp;d=2|a *link*>",
            '<a href="https://x.test/a_b?c=1&amp;d=2">a *link*</a>',
        ),
        (
            "https://x.test/a_b_c.",
            '<a href="https://x.test/a_b_c">https://x.test/a_b_c</a>.',
        ),
        ("<javascript:alert(1)|click>", "click"),
        (
            "<@U1> in <#C1|deploys>, <#C1>",
            (
                '<span class="mention">@maya</span> in <span class="mention">#deploys</span>, '
                '<span class="mention">#deploys</span>'
            ),
        ),
        ("<!here>", '<span class="mention all">@here</span>'),
        ("<!subteam^S1|@ops>", '<span class="mention all">@ops</span>'),
        ("<!date^1772355600^{time}|9:00>", "9:00"),
        (
            ":white_check_mark: done :unknown: :rocket:",
            (
                '<img class="emoji" src="/emoji/white_check_mark.svg" alt="✅" '
                'title=":white_check_mark:"> done :unknown: 🚀'
            ),
        ),
        ("❌ no", '<img class="emoji" src="/emoji/x.svg" alt="❌" title=":x:"> no'),
        ("`:x:`", "<code>:x:</code>"),
    ],
)
def test_marks_become_html_and_nothing_else_does(text: str, shown: str) -> None:
    assert html(text) == f'<div class="line">{shown}</div>'


def test_lines_quotes_items_and_code_stand_apart() -> None:
    text = "One\n\n> *quoted*\n&gt; too\n• item `a`\n2. second\n```\n$ a < b\n*c*\n```\nEnd"

    assert html(text) == (
        '<div class="line">One</div><div class="line"></div>'
        '<blockquote><div class="line"><b>quoted</b></div><div class="line">too</div></blockquote>'
        '<div class="item"><span>•</span><div>item <code>a</code></div></div>'
        '<div class="item"><span>2.</span><div>second</div></div>'
        "<pre>$ a &lt; b\n*c*</pre>"
        '<div class="line">End</div>'
    )


def test_plain_text_has_no_marks() -> None:
    assert plain("*a* <b>\n:rocket: &amp;") == "*a* &lt;b&gt;<br>🚀 &amp;"
