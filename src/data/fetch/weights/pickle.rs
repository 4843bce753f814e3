//! The part of Python's pickle format that PyTorch writes state dicts in, and nothing that could run code.

use std::result::Result;

/// A value of a pickle.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Text(String),
    /// A tuple or a list.
    List(Vec<Self>),
    Dict(Vec<(Self, Self)>),
    /// A class or a function, by module and name.
    Global(String),
    /// What a function made of its arguments.
    Call(String, Vec<Self>),
    /// What is kept outside of the pickle.
    Outside(Box<Self>),
}

impl Value {
    /// The number.
    pub fn int(&self) -> Result<usize, String> {
        match self {
            Self::Int(number) => {
                usize::try_from(*number).map_err(|_| format!("{number} where a count is wanted"))
            }
            other => Err(format!("{other:?} where a number is wanted")),
        }
    }

    /// The items of a tuple or list.
    pub fn list(&self) -> Result<&[Self], String> {
        match self {
            Self::List(items) => Ok(items),
            other => Err(format!("{other:?} where a list is wanted")),
        }
    }

    /// The text.
    pub fn text(&self) -> Result<&str, String> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(format!("{other:?} where a text is wanted")),
        }
    }
}

/// Reads pickles that stand one behind the other.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: Vec<(u32, Value)>,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, stack: vec![], marks: vec![], memo: vec![] }
    }

    /// The bytes behind what has been read.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `N` bytes.
    pub fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or("the end of the file")?;
        self.rest = rest;
        Ok(*taken)
    }

    fn bytes(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or("the end of the file")?;
        self.rest = rest;
        Ok(taken)
    }

    fn line(&mut self) -> Result<String, String> {
        let end = self.rest.iter().position(|&byte| byte == b'\n').ok_or("the end of the file")?;
        let line = self.bytes(end + 1)?;
        Ok(String::from_utf8_lossy(&line[..end]).into_owned())
    }

    fn pop(&mut self) -> Result<Value, String> {
        self.stack.pop().ok_or_else(|| "an operation without its operand".into())
    }

    fn behind_mark(&mut self) -> Result<Vec<Value>, String> {
        let mark = self.marks.pop().filter(|&mark| mark <= self.stack.len());
        Ok(self.stack.split_off(mark.ok_or("an operation without its mark")?))
    }

    fn tuple(&mut self, count: usize) -> Result<Value, String> {
        let from = self.stack.len().checked_sub(count).ok_or("a tuple without its items")?;
        Ok(Value::List(self.stack.split_off(from)))
    }

    fn memoize(&mut self, place: u32) -> Result<(), String> {
        let top = self.stack.last().ok_or("nothing to keep")?.clone();
        self.memo.push((place, top));
        Ok(())
    }

    fn recall(&self, place: u32) -> Result<Value, String> {
        let found = self.memo.iter().rev().find(|(kept, _)| *kept == place);
        found.map(|(_, value)| value.clone()).ok_or_else(|| "what was not kept".into())
    }

    /// The items, and for each two of them a pair, go into the collection below.
    fn extend(&mut self, items: Vec<Value>) -> Result<(), String> {
        match self.stack.last_mut() {
            Some(Value::List(list)) => list.extend(items),
            Some(Value::Dict(dict)) => {
                let mut items = items.into_iter();
                while let (Some(key), Some(value)) = (items.next(), items.next()) {
                    dict.push((key, value));
                }
            }
            other => return Err(format!("{other:?} where a list or a dict is wanted")),
        }
        Ok(())
    }

    /// The value of the next pickle.
    pub fn value(&mut self) -> Result<Value, String> {
        (self.stack, self.marks, self.memo) = (vec![], vec![], vec![]);
        loop {
            let [operation] = self.take()?;
            if operation == b'.' {
                return self.pop();
            }
            if let Some(value) = self.operate(operation)? {
                self.stack.push(value);
            }
        }
    }

    /// What one operation puts on the stack, if anything.
    fn operate(&mut self, operation: u8) -> Result<Option<Value>, String> {
        let value = match operation {
            0x80 => return self.take::<1>().map(|_| None),
            b'(' => {
                self.marks.push(self.stack.len());
                return Ok(None);
            }
            b'q' => {
                let [place] = self.take()?;
                return self.memoize(place.into()).map(|()| None);
            }
            b'r' => {
                let place = u32::from_le_bytes(self.take()?);
                return self.memoize(place).map(|()| None);
            }
            // The state of an object, which holds the dict's metadata alone.
            b'b' => return self.pop().map(|_| None),
            b's' => {
                let pair = self.tuple(2)?.list()?.to_vec();
                return self.extend(pair).map(|()| None);
            }
            b'u' | b'e' => {
                let items = self.behind_mark()?;
                return self.extend(items).map(|()| None);
            }
            b'N' => Value::None,
            0x88 | 0x89 => Value::Bool(operation == 0x88),
            b'K' => Value::Int(self.take::<1>()?[0].into()),
            b'M' => Value::Int(u16::from_le_bytes(self.take()?).into()),
            b'J' => Value::Int(i32::from_le_bytes(self.take()?).into()),
            0x8a => self.long()?,
            b'X' => {
                let length = u32::from_le_bytes(self.take()?) as usize;
                Value::Text(String::from_utf8_lossy(self.bytes(length)?).into_owned())
            }
            b'}' => Value::Dict(vec![]),
            b']' | b')' => Value::List(vec![]),
            0x85..=0x87 => self.tuple(usize::from(operation - 0x84))?,
            b't' => Value::List(self.behind_mark()?),
            b'h' => {
                let [place] = self.take()?;
                self.recall(place.into())?
            }
            b'j' => {
                let place = u32::from_le_bytes(self.take()?);
                self.recall(place)?
            }
            b'c' => Value::Global(format!("{}.{}", self.line()?, self.line()?)),
            b'R' => self.call()?,
            b'Q' => Value::Outside(Box::new(self.pop()?)),
            other => {
                return Err(format!(
                    "the operation {other:#04x} of a pickle, which state dicts have no use for"
                ));
            }
        };
        Ok(Some(value))
    }

    /// A number of any length; those of more than 8 bytes are cut, as they are no more than marks.
    fn long(&mut self) -> Result<Value, String> {
        let [length] = self.take()?;
        let mut number = [0; 8];
        let bytes = self.bytes(length.into())?;
        number.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Ok(Value::Int(i64::from_le_bytes(number)))
    }

    fn call(&mut self) -> Result<Value, String> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        match function {
            Value::Global(name) if name == "collections.OrderedDict" => Ok(Value::Dict(vec![])),
            Value::Global(name) => Ok(Value::Call(name, arguments.list()?.to_vec())),
            other => Err(format!("{other:?} where a function is wanted")),
        }
    }
}
