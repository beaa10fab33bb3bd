//! Pure: a parsed text: what stands where.

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::tokens::{Token, TokenAndRange};
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};

use crate::editor::edit::obstacle::{Obstacle, ObstacleKind};
use crate::editor::edit::text::line_of;

/// What editors accept, and no more: what one of them would not read must not be changed either.
const DIALECT: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// A text and what the parser says about it.
pub(super) struct Document<'a> {
    pub(super) text: &'a str,
    value: Option<Value<'a>>,
    /// Comments included.
    tokens: Vec<TokenAndRange<'a>>,
}

impl<'a> Document<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Document<'a>, Obstacle> {
        let collect =
            CollectOptions { comments: CommentCollectionStrategy::AsTokens, tokens: true };
        let parsed = parse_to_ast(text, &collect, &DIALECT).map_err(|error| {
            let mut cause = error.kind().to_string();
            if let Some(first) = cause.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            Obstacle { line: error.line_display(), kind: ObstacleKind::Syntax(cause) }
        })?;
        let tokens = parsed.tokens.unwrap_or_default();
        Ok(Document { text, value: parsed.value, tokens })
    }

    /// Follows the keys as far as they lead: the last object, and the keys that are missing in it.
    /// `None` for a text without any value.
    pub(super) fn descend<'k>(
        &self,
        keys: &'k [&'k str],
    ) -> Result<Option<(&Object<'a>, &'k [&'k str])>, Obstacle> {
        let Some(value) = &self.value else { return Ok(None) };
        let mut object = self.object(value, None)?;
        let mut rest = keys;
        while let [key, after @ ..] = rest {
            let Some((_, property)) = self.property(object, key)? else { break };
            object = self.object(&property.value, Some(key))?;
            rest = after;
        }
        Ok(Some((object, rest)))
    }

    /// A property by its name, with its place among its siblings.
    pub(super) fn property<'o>(
        &self,
        object: &'o Object<'a>,
        name: &str,
    ) -> Result<Option<(usize, &'o ObjectProp<'a>)>, Obstacle> {
        let mut named =
            object.properties.iter().enumerate().filter(|(_, it)| it.name.as_str() == name);
        let first = named.next();
        match named.next() {
            None => Ok(first),
            Some((_, second)) => Err(Obstacle {
                line: line_of(self.text, second.start()),
                kind: ObstacleKind::Twice(name.to_owned()),
            }),
        }
    }

    /// Whether an object holds neither properties nor comments.
    pub(super) fn is_empty(&self, object: &Object<'_>) -> bool {
        let within = (object.start() + 1, object.end().saturating_sub(1));
        self.tokens_in(within).next().is_none()
    }

    /// The comma in a stretch of the text, if one is there.
    pub(super) fn comma(&self, stretch: (usize, usize)) -> Option<(usize, usize)> {
        self.tokens_in(stretch)
            .find(|token| token.token == Token::Comma)
            .map(|token| (token.start(), token.end()))
    }

    /// The comments in a stretch of the text.
    pub(super) fn comments(
        &self,
        stretch: (usize, usize),
    ) -> impl Iterator<Item = (usize, usize)> + use<'_, 'a> {
        self.tokens_in(stretch)
            .filter(|it| matches!(it.token, Token::CommentLine(_) | Token::CommentBlock(_)))
            .map(|token| (token.start(), token.end()))
    }

    /// A part of the text.
    pub(super) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// The object that the whole text is.
    pub(super) fn root(&self) -> Option<&Object<'a>> {
        self.value.as_ref()?.as_object()
    }

    fn tokens_in(
        &self,
        (start, end): (usize, usize),
    ) -> impl Iterator<Item = &TokenAndRange<'a>> + use<'_, 'a> {
        self.tokens.iter().filter(move |token| token.start() >= start && token.end() <= end)
    }

    fn object<'v>(
        &self,
        value: &'v Value<'a>,
        key: Option<&str>,
    ) -> Result<&'v Object<'a>, Obstacle> {
        value.as_object().ok_or_else(|| Obstacle {
            line: line_of(self.text, value.start()),
            kind: ObstacleKind::NotATable(key.map(str::to_owned)),
        })
    }
}

/// Where a value stands.
pub(super) fn value_range(value: &Value<'_>) -> (usize, usize) {
    (value.start(), value.end())
}
