// SPDX-License-Identifier: MIT OR Apache-2.0
//! The documents of S3, read and written.

use super::errors::malformed_xml;
use crate::sandbox::{
    error::ApiError,
    wire::{Response, escaped},
};
use serde::{Deserialize, Serialize};

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// No document of S3 is as deep as this.
const DEEPEST: usize = 16;

/// An element of a document: its name without a namespace, and what is in it. Attributes mean nothing here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Element {
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Element>,
}

impl Element {
    /// The root of a document, which must have this name.
    pub(super) fn parse(body: &[u8], root: &str) -> Result<Self, ApiError> {
        let text = std::str::from_utf8(body).map_err(|_| malformed_xml())?;
        let document = roxmltree::Document::parse(text).map_err(|_| malformed_xml())?;
        let element = Self::of(document.root_element(), DEEPEST).ok_or_else(malformed_xml)?;
        if element.name == root { Ok(element) } else { Err(malformed_xml()) }
    }

    fn of(node: roxmltree::Node<'_, '_>, depth: usize) -> Option<Self> {
        let depth = depth.checked_sub(1)?;
        let children: Option<Vec<Self>> =
            node.children().filter(roxmltree::Node::is_element).map(|child| Self::of(child, depth)).collect();
        let children = children?;
        // Between elements there is only white space.
        let texts = node.children().filter(|child| children.is_empty() && child.is_text());
        let text = texts.filter_map(|child| child.text()).collect();
        Some(Self { name: node.tag_name().name().to_owned(), text, children })
    }

    /// An element with text in it.
    pub(super) fn leaf(name: &str, text: impl Into<String>) -> Self {
        Self { name: name.to_owned(), text: text.into(), children: Vec::new() }
    }

    /// The first child of this name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The children of this name.
    pub(super) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child of this name.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.child(name).is_some()
    }

    /// The truth value of a child, if it is there.
    pub(super) fn truth(&self, name: &str) -> Result<Option<bool>, ApiError> {
        let read = |text: &str| text.to_ascii_lowercase().parse().map_err(|_| malformed_xml());
        self.text(name).map(read).transpose()
    }

    /// The number in a child, if it is there.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, ApiError> {
        self.text(name).map(|text| text.parse().map_err(|_| malformed_xml())).transpose()
    }

    /// Refuses elements that have no place here, or are there twice though only `many` may be.
    pub(super) fn only(&self, once: &[&str], many: &[&str]) -> Result<(), ApiError> {
        let known = |child: &Self| {
            let name = child.name.as_str();
            many.contains(&name) || once.contains(&name) && self.all(name).count() == 1
        };
        if self.children.iter().all(known) { Ok(()) } else { Err(malformed_xml()) }
    }

    /// The element as XML.
    pub(super) fn write(&self) -> String {
        let inner: String = self.children.iter().map(Self::write).collect();
        format!("<{0}>{1}{inner}</{0}>", self.name, escaped(&self.text))
    }
}

/// An answer that is one document.
pub(super) fn document(root: &str, inner: &str) -> Response {
    let body =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{NAMESPACE}\">{inner}</{root}>");
    Response::new(200, "application/xml", body)
}

/// An element with other elements in it.
pub(super) fn nest(name: &str, inner: &str) -> String {
    format!("<{name}>{inner}</{name}>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_whatever_their_namespace() {
        let body = br#"<?xml version="1.0"?><T xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><A>x &amp; y</A> <B><C/></B></T>"#;
        let element = Element::parse(body, "T").expect("a document");
        assert_eq!((element.text("A"), element.has("B")), (Some("x & y"), true));
        assert_eq!(element.write(), "<T><A>x &amp; y</A><B><C></C></B></T>");
    }

    #[test]
    fn what_is_no_document_is_refused() {
        let deep = format!("{}{}", "<T>".repeat(200), "</T>".repeat(200));
        let deeper = "<T>".repeat(100_000);
        for body in ["", "<T>", "<U/>", "{}", "<!DOCTYPE x [<!ENTITY a 'b'>]><T>&a;</T>", &deep, &deeper] {
            assert_eq!(Element::parse(body.as_bytes(), "T").map_err(|e| e.code), Err("MalformedXML".into()));
        }
        assert!(Element::parse(b"\xff\xfe", "T").is_err());
    }
}
