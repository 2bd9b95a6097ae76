//! Typed objects from events: a serde deserializer that knows where it stands.
//!
//! Null means what it means to the API server: the field is absent; an item or a label's value is
//! the empty one of its type. A key that is given twice is refused, as `kubectl apply` does, in
//! every mapping that is read; what nobody reads is skipped unseen.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{
    self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    Visitor,
};

use crate::events::{Event, Style, What, after};
use crate::path::Step;
use crate::scalar::{Plain, plain};

/// How many keys of a mapping are compared one by one, before a set pays.
const FEW: usize = 32;

/// Reads a value of type `T` from the node at `at`, by `read`.
pub(crate) fn read<'de, T>(
    events: &[Event<'de>],
    at: usize,
    read: impl FnOnce(&mut De<'_, 'de>) -> Result<T, Fail>,
) -> Result<T, Fail> {
    let mut de = De { events, at };
    read(&mut de).map_err(|fail| fail.at(at))
}

/// Why a value could not be read.
#[derive(Debug)]
pub(crate) struct Fail {
    /// What is wrong, as a phrase, where `expected` does not say it.
    pub(crate) message: String,
    /// What would have been right, where the type says so.
    pub(crate) expected: Option<String>,
    /// The event of the offending value.
    pub(crate) at: Option<usize>,
    /// The path to it, from the value outwards.
    pub(crate) path: Vec<Step>,
    /// The event of the same key, given before.
    pub(crate) before: Option<usize>,
}

impl Fail {
    fn new(message: String, expected: Option<String>) -> Self {
        Fail { message, expected, at: None, path: Vec::new(), before: None }
    }

    /// The innermost place wins.
    fn at(mut self, at: usize) -> Self {
        self.at.get_or_insert(at);
        self
    }

    fn within(mut self, step: Step) -> Self {
        self.path.push(step);
        self
    }
}

impl fmt::Display for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fail {}

impl de::Error for Fail {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Fail::new(message.to_string(), None)
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Fail::new(format!("{unexpected}"), Some(expected.to_string()))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Fail::invalid_type(unexpected, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Fail::new(variant.to_owned(), Some(format!("one of {}", expected.join(", "))))
    }

    fn missing_field(field: &'static str) -> Self {
        Fail::new(format!("{field} is missing"), Some(format!("a field `{field}`")))
    }
}

/// A reader of events.
pub(crate) struct De<'e, 'de> {
    events: &'e [Event<'de>],
    at: usize,
}

impl<'e, 'de> De<'e, 'de> {
    fn what(&self) -> Result<&'e What<'de>, Fail> {
        self.events
            .get(self.at)
            .map(|event| &event.what)
            .ok_or_else(|| Fail::new("nothing".to_owned(), Some("a value".to_owned())))
    }

    fn is_null(&self) -> bool {
        match self.events.get(self.at).map(|event| &event.what) {
            Some(What::Scalar(text, Style::Plain)) => plain(text) == Plain::Null,
            _ => false,
        }
    }

    fn skip(&mut self) {
        self.at = after(self.events, self.at);
    }

    fn collection<V: Visitor<'de>>(
        &mut self,
        visitor: V,
        map: bool,
        fields: bool,
    ) -> Result<V::Value, Fail> {
        let start = self.at;
        self.at += 1;
        let result = if map {
            let few = Vec::new();
            visitor.visit_map(Entries { de: self, fields, few, many: HashSet::new(), key: None })
        } else {
            visitor.visit_seq(Items { de: self, index: 0 })
        };
        self.at = after(self.events, start);
        result.map_err(|fail| fail.at(start))
    }
}

fn text<'de, V: Visitor<'de>>(text: &Cow<'de, str>, visitor: V) -> Result<V::Value, Fail> {
    match text {
        Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
        Cow::Owned(text) => visitor.visit_str(text),
    }
}

impl<'de> Deserializer<'de> for &mut De<'_, 'de> {
    type Error = Fail;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        let at = self.at;
        let (value, style) = match self.what()? {
            What::Seq => return self.collection(visitor, false, false),
            What::Map => return self.collection(visitor, true, false),
            What::End => return Err(Fail::new("nothing".to_owned(), Some("a value".to_owned()))),
            What::Scalar(value, style) => (value, *style),
        };
        self.at += 1;
        let meaning = if style == Style::Plain { plain(value) } else { Plain::Text };
        let result = match meaning {
            Plain::Null => visitor.visit_unit(),
            Plain::Bool(value) => visitor.visit_bool(value),
            Plain::Signed(value) => visitor.visit_i64(value),
            Plain::Unsigned(value) => visitor.visit_u64(value),
            Plain::Float(value) => visitor.visit_f64(value),
            Plain::Text => text(value, visitor),
        };
        result.map_err(|fail| fail.at(at))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        if self.is_null() {
            self.at += 1;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        if self.is_null() {
            self.at += 1;
            return visitor.visit_borrowed_str("");
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        if self.is_null() {
            self.at += 1;
            return visitor
                .visit_seq(de::value::SeqDeserializer::<_, Fail>::new(std::iter::empty::<&str>()));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        if self.is_null() {
            self.at += 1;
            return visitor.visit_map(de::value::MapDeserializer::<_, Fail>::new(
                std::iter::empty::<(&str, &str)>(),
            ));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fail> {
        match self.what()? {
            What::Map => self.collection(visitor, true, true),
            // Serde would take a list for the fields in their order.
            What::Seq => Err(de::Error::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.deserialize_map(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fail> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fail> {
        let at = self.at;
        match self.what()? {
            What::Scalar(value, _) => {
                self.at += 1;
                visitor.visit_enum((**value).into_deserializer()).map_err(|fail: Fail| fail.at(at))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        self.skip();
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct
        tuple tuple_struct identifier
    }
}

/// A key: text as it is written.
struct Key<'k, 'de>(&'k Cow<'de, str>);

impl<'de> Deserializer<'de> for Key<'_, 'de> {
    type Error = Fail;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        text(self.0, visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

struct Items<'d, 'e, 'de> {
    de: &'d mut De<'e, 'de>,
    index: usize,
}

impl<'de> SeqAccess<'de> for Items<'_, '_, 'de> {
    type Error = Fail;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fail> {
        if self.de.what()? == &What::End {
            return Ok(None);
        }
        let (at, index) = (self.de.at, self.index);
        self.index += 1;
        seed.deserialize(&mut *self.de)
            .map(Some)
            .map_err(|fail| fail.at(at).within(Step::Index(index)))
    }
}

struct Entries<'d, 'e, 'de> {
    de: &'d mut De<'e, 'de>,
    /// The keys are a struct's fields: one without a value is absent.
    fields: bool,
    /// The keys so far, as events, while they are few.
    few: Vec<usize>,
    /// The keys so far, once they are many.
    many: HashSet<&'e str>,
    /// The key whose value is next.
    key: Option<&'e str>,
}

impl<'e, 'de> Entries<'_, 'e, 'de> {
    /// Notes a key, and refuses it the second time.
    fn once(&mut self, key: &'e str, at: usize) -> Result<(), Fail> {
        let events = self.de.events;
        let before = if self.few.len() < FEW {
            self.few.iter().copied().find(|&other| events[other].scalar() == Some(key))
        } else {
            if self.many.is_empty() {
                self.many = self.few.iter().filter_map(|&other| events[other].scalar()).collect();
            }
            (!self.many.insert(key)).then(|| self.few[0])
        };
        if self.few.len() < FEW {
            self.few.push(at);
        }
        let Some(before) = before else { return Ok(()) };
        let mut fail = Fail::new(format!("{key} is given twice"), Some("each key once".to_owned()));
        let first = (before..at).find(|&other| events[other].scalar() == Some(key));
        (fail.at, fail.before) = (Some(at), first);
        Err(fail.within(Step::Key(key.to_owned())))
    }
}

impl<'de> MapAccess<'de> for Entries<'_, '_, 'de> {
    type Error = Fail;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fail> {
        loop {
            let at = self.de.at;
            let key = match self.de.what()? {
                What::End => return Ok(None),
                What::Scalar(key, _) => key,
                _ => {
                    let expected = Some("a key that is text".to_owned());
                    return Err(Fail::new("a collection".to_owned(), expected).at(at));
                }
            };
            self.once(key, at)?;
            self.de.at += 1;
            if self.fields && self.de.is_null() {
                self.de.at += 1;
                continue;
            }
            self.key = Some(key);
            return seed.deserialize(Key(key)).map(Some).map_err(|fail| fail.at(at));
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fail> {
        let at = self.de.at;
        let key = self.key.unwrap_or_default();
        seed.deserialize(&mut *self.de)
            .map_err(|fail| fail.at(at).within(Step::Key(key.to_owned())))
    }
}
