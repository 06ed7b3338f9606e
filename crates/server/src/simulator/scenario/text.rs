//! Texts and user data with places that are drawn for each story.
//!
//! | Place           | Becomes                                             |
//! |-----------------|-----------------------------------------------------|
//! | `{digits:4}`    | four digits                                         |
//! | `{number:1-99}` | a whole number between the two, both included       |
//! | `{one:a\|b\|c}` | one of these                                        |
//! | `{n}`           | which story of its table this is, from 1            |
//! | `{{`, `}}`      | a brace                                             |
//!
//! A value of user data that is `{number:...}` and nothing else is a number there.

use encke::calls::UserData;
use serde_json::{Map, Value};

use super::random::Stream;

/// Most digits in a row.
const MAX_DIGITS: u32 = 64;
/// Most places of one text.
const MAX_PLACES: usize = 100;

/// A text with its places.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Text(Vec<Part>);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Part {
    Plain(String),
    Digits(u32),
    Number(u64, u64),
    One(Vec<String>),
    Ordinal,
}

impl Text {
    /// Reads a text; the error says which place is none.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut places = 0;
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '{' | '}' if rest.peek() == Some(&c) => {
                    rest.next();
                    plain.push(c);
                }
                '{' => {
                    let place: String = rest.by_ref().take_while(|c| *c != '}').collect();
                    if !plain.is_empty() {
                        parts.push(Part::Plain(std::mem::take(&mut plain)));
                    }
                    parts.push(Part::parse(&place)?);
                    places += 1;
                    if places > MAX_PLACES {
                        return Err("a text with more than 100 places".to_owned());
                    }
                }
                '}' => return Err("a closing brace without an opening one; write }}".to_owned()),
                c => plain.push(c),
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Plain(plain));
        }
        Ok(Self(parts))
    }

    /// The text for one story.
    pub(super) fn draw(&self, stream: &mut Stream, ordinal: usize) -> String {
        self.0.iter().map(|part| part.draw(stream, ordinal)).collect()
    }

    fn is_number(&self) -> bool {
        matches!(self.0.as_slice(), [Part::Number(..)])
    }
}

impl Part {
    fn parse(place: &str) -> Result<Self, String> {
        let wrong = || format!("{{{place}}} is no place; see the reference of scenarios");
        let (name, argument) = place.split_once(':').unwrap_or((place, ""));
        match name {
            "n" if argument.is_empty() => Ok(Self::Ordinal),
            "digits" => {
                let count = argument.parse().map_err(|_| wrong())?;
                if (1..=MAX_DIGITS).contains(&count) {
                    Ok(Self::Digits(count))
                } else {
                    Err(wrong())
                }
            }
            "number" => {
                let (from, to) = argument.split_once('-').ok_or_else(wrong)?;
                let from: u64 = from.trim().parse().map_err(|_| wrong())?;
                let to: u64 = to.trim().parse().map_err(|_| wrong())?;
                if from <= to && to < u64::MAX { Ok(Self::Number(from, to)) } else { Err(wrong()) }
            }
            "one" if !argument.is_empty() => {
                Ok(Self::One(argument.split('|').map(str::to_owned).collect()))
            }
            _ => Err(wrong()),
        }
    }

    fn draw(&self, stream: &mut Stream, ordinal: usize) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Digits(count) => (0..*count).map(|_| stream.below(10).to_string()).collect(),
            Self::Number(from, to) => (from + stream.below(to - from + 1)).to_string(),
            Self::One(of) => stream.one(of).cloned().unwrap_or_default(),
            Self::Ordinal => ordinal.to_string(),
        }
    }
}

/// User data with its places. Pairs stand in the order of their keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Data(Vec<(String, Datum)>);

#[derive(Clone, Debug, PartialEq)]
enum Datum {
    Text(Text),
    Plain(Value),
    List(Vec<Self>),
    Map(Data),
}

impl Data {
    /// Reads a table; the error names the key.
    pub(super) fn parse(table: &Map<String, Value>) -> Result<Self, String> {
        let pair = |(key, value): (&String, &Value)| {
            let datum = Datum::parse(value).map_err(|error| format!("{key}: {error}"))?;
            Ok((key.clone(), datum))
        };
        table.iter().map(pair).collect::<Result<_, String>>().map(Self)
    }

    /// The user data of one story.
    pub(super) fn draw(&self, stream: &mut Stream, ordinal: usize) -> Result<UserData, String> {
        let text = Value::Object(self.values(stream, ordinal)).to_string();
        UserData::parse(&text).map_err(|error| error.to_string())
    }

    fn values(&self, stream: &mut Stream, ordinal: usize) -> Map<String, Value> {
        self.0.iter().map(|(key, datum)| (key.clone(), datum.draw(stream, ordinal))).collect()
    }
}

impl Datum {
    fn parse(value: &Value) -> Result<Self, String> {
        Ok(match value {
            Value::String(text) => Self::Text(Text::parse(text)?),
            Value::Array(list) => {
                Self::List(list.iter().map(Self::parse).collect::<Result<_, _>>()?)
            }
            Value::Object(table) => Self::Map(Data::parse(table)?),
            plain => Self::Plain(plain.clone()),
        })
    }

    fn draw(&self, stream: &mut Stream, ordinal: usize) -> Value {
        match self {
            Self::Text(text) => {
                let drawn = text.draw(stream, ordinal);
                let number = drawn.parse::<u64>().ok().filter(|_| text.is_number());
                number.map_or(Value::String(drawn), Value::from)
            }
            Self::Plain(value) => value.clone(),
            Self::List(list) => list.iter().map(|datum| datum.draw(stream, ordinal)).collect(),
            Self::Map(data) => Value::Object(data.values(stream, ordinal)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_are_drawn() {
        let text = Text::parse("{one:Kim|Sam} {{{n}}} {digits:3}/{number:7-7}").unwrap();
        let drawn = text.draw(&mut Stream::at(1, &[]), 12);
        let rest = drawn.strip_prefix("Kim ").or_else(|| drawn.strip_prefix("Sam ")).unwrap();
        assert!(rest.starts_with("{12} ") && rest.ends_with("/7"), "{drawn}");
        assert_eq!(rest.len(), "{12} 123/7".len());
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for bad in ["{x}", "{digits:0}", "{digits:65}", "{number:2-1}", "{one:}", "}", "{", "{n:1}"]
        {
            assert!(Text::parse(bad).is_err(), "{bad}");
        }
        assert!(Text::parse(&"{n} ".repeat(100)).is_ok());
        assert!(Text::parse(&"{n} ".repeat(101)).is_err());
    }

    #[test]
    fn a_lone_number_is_a_number_in_user_data() {
        let table = json!({"a": "{number:5-5}", "b": "x{number:5-5}", "c": [true, {"d": "{n}"}]});
        let data = Data::parse(table.as_object().unwrap()).unwrap();
        let drawn = Value::Object(data.values(&mut Stream::at(1, &[]), 3));
        assert_eq!(drawn, json!({"a": 5, "b": "x5", "c": [true, {"d": "3"}]}));
    }
}
