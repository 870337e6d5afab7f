//! What markup may reach a page.

use std::sync::LazyLock;

use ammonia::Builder;

/// Elements that may carry a class.
const CLASSED: [&str; 8] = [
    "code", "span", "pre", "div", "aside", "p", "details", "table",
];

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::default();
    for tag in CLASSED {
        builder.add_tag_attributes(tag, ["class"]);
    }
    builder
        .add_tag_attributes("pre", ["data-run"])
        .add_tag_attributes("h2", ["id"])
        .add_tag_attributes("h3", ["id"])
        .rm_tags(["img", "map", "area"])
        .link_rel(Some("noopener noreferrer"));
    builder
});

/// Removes whatever is not known to be harmless.
pub fn clean(html: &str) -> String {
    CLEANER.clean(html).to_string()
}

/// Text as HTML, also inside an attribute.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
