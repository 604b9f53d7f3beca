//! JSON objects whose absent parts are left out.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

#[derive(Default)]
pub struct Object(Map<String, Value>);

impl Object {
    pub fn build(self) -> Value {
        Value::Object(self.0)
    }

    pub fn value(mut self, name: &str, value: Option<Value>) -> Object {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value);
        }
        self
    }

    /// Left out if empty.
    pub fn text(self, name: &str, text: &str) -> Object {
        let value = (!text.is_empty()).then(|| Value::from(text));
        self.value(name, value)
    }

    /// Left out if false.
    pub fn flag(self, name: &str, flag: bool) -> Object {
        self.value(name, flag.then_some(Value::Bool(true)))
    }

    /// Left out if 0.
    pub fn nonzero<N: Into<Number>>(self, name: &str, number: N) -> Object {
        let number = number.into();
        let value = (number.as_i64() != Some(0)).then_some(Value::Number(number));
        self.value(name, value)
    }

    pub fn number<N: Into<Number>>(self, name: &str, number: N) -> Object {
        self.value(name, Some(Value::Number(number.into())))
    }

    /// Left out if empty.
    pub fn list<T>(self, name: &str, items: &[T], item: impl Fn(&T) -> Value) -> Object {
        let value = (!items.is_empty()).then(|| items.iter().map(item).collect());
        self.value(name, value)
    }

    /// Left out if empty.
    pub fn texts(self, name: &str, texts: &[String]) -> Object {
        self.list(name, texts, |text| Value::from(text.as_str()))
    }

    /// Left out if empty.
    pub fn map(self, name: &str, map: &BTreeMap<String, String>) -> Object {
        let value = (!map.is_empty()).then(|| {
            map.iter()
                .map(|(key, value)| (key.clone(), Value::from(value.as_str())))
                .collect()
        });
        self.value(name, value)
    }
}
