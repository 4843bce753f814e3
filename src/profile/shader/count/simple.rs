//! Statements that go on to the next one: what they count, touch and change.

use super::frame::{Atom, Frame, Place, Root};
use super::range::Range;
use super::tally::{Kind, Tally};
use super::walk::{Times, Walker, forget};
use naga::{Expression, Handle, Statement, TypeInner};

impl<'a> Walker<'a> {
    pub fn simple(
        &mut self,
        frame: &mut Frame<'a>,
        statement: &'a Statement,
        times: Times,
        tally: &mut Tally,
    ) {
        match statement {
            Statement::Emit(range) => {
                range.clone().for_each(|expression| self.emit(frame, expression, times, tally));
            }
            Statement::Store { pointer, value } => self.store(frame, *pointer, *value, times, tally),
            Statement::ImageStore { image, .. } => {
                tally.add(Kind::TexelStore, times.each);
                self.texels(frame, *image, true, 1, times);
            }
            Statement::Atomic { pointer, .. } => {
                if let Some(space) = self.space(frame, *pointer) {
                    tally.add(Kind::Atomic(space), times.each);
                }
                let (place, size) = (frame.place(*pointer), self.pointed(frame, *pointer));
                [false, true].into_iter().for_each(|is_written| self.touch(&place, is_written, size, times));
            }
            Statement::ImageAtomic { image, .. } => {
                tally.add(Kind::Atomic("texture"), times.each);
                [false, true].into_iter().for_each(|way| self.texels(frame, *image, way, 1, times));
            }
            Statement::ControlBarrier(_) | Statement::MemoryBarrier(_) => {
                tally.add(Kind::Barrier, times.each);
            }
            Statement::WorkGroupUniformLoad { .. } => {
                tally.add(Kind::Load("workgroup"), times.each);
                tally.add(Kind::Barrier, times.each);
            }
            Statement::Call { function, arguments, result } => {
                let returned = self.call(frame, *function, arguments, times, tally);
                if let Some((result, returned)) = result.zip(returned) {
                    frame.state.values.insert(result, returned);
                }
            }
            Statement::SubgroupBallot { .. }
            | Statement::SubgroupGather { .. }
            | Statement::SubgroupCollectiveOperation { .. } => tally.add(Kind::Subgroup, times.each),
            Statement::CooperativeStore { data, .. } => self.matrix(frame, data.pointer, true, times, tally),
            _ => {}
        }
    }

    fn emit(
        &mut self,
        frame: &mut Frame<'a>,
        expression: Handle<Expression>,
        times: Times,
        tally: &mut Tally,
    ) {
        self.arithmetic(frame, expression, times, tally);
        match &frame.function.expressions[expression] {
            Expression::Load { pointer } => self.load(frame, expression, *pointer, times, tally),
            Expression::ImageSample { image, gather, .. } => {
                tally.add(Kind::Sample, times.each);
                self.texels(frame, *image, false, if gather.is_some() { 4 } else { 1 }, times);
            }
            Expression::ImageLoad { image, .. } => {
                tally.add(Kind::TexelLoad, times.each);
                self.texels(frame, *image, false, 1, times);
            }
            Expression::CooperativeLoad { data, .. } => {
                self.matrix(frame, data.pointer, false, times, tally);
            }
            _ => {}
        }
        let value: Vec<Option<Range>> = match frame.inner(expression) {
            TypeInner::Scalar(_) => vec![frame.look(expression, None, 1)],
            TypeInner::Vector { size, .. } => {
                (0..*size as u32).map(|part| frame.look(expression, Some(part), 1)).collect()
            }
            _ => return,
        };
        frame.state.values.insert(expression, value);
    }

    fn load(
        &mut self,
        frame: &mut Frame<'a>,
        expression: Handle<Expression>,
        pointer: Handle<Expression>,
        times: Times,
        tally: &mut Tally,
    ) {
        if let Some(space) = self.space(frame, pointer) {
            tally.add(Kind::Load(space), times.each);
        }
        let place = frame.place(pointer);
        self.touch(&place, false, self.pointed(frame, pointer), times);
        if let Root::Local(variable) = place.root {
            let version = frame.state.versions.get(&variable).copied().unwrap_or(0);
            let atom = Atom::Local(variable, place.component, version);
            frame.state.loaded.insert(expression, atom);
        }
    }

    fn store(
        &mut self,
        frame: &mut Frame<'a>,
        pointer: Handle<Expression>,
        value: Handle<Expression>,
        times: Times,
        tally: &mut Tally,
    ) {
        if let Some(space) = self.space(frame, pointer) {
            tally.add(Kind::Store(space), times.each);
        }
        let place = frame.place(pointer);
        self.touch(&place, true, self.pointed(frame, pointer), times);
        let Root::Local(variable) = place.root else { return };
        let stored = frame.value(value);
        let known = frame.state.locals.get(&variable).cloned();
        forget(&mut frame.state, variable);
        let is_whole = matches!(frame.function.expressions[pointer], Expression::LocalVariable(_));
        match (is_whole, place.component, known) {
            (true, _, _) => {
                frame.state.locals.insert(variable, stored);
            }
            (false, Some(component), Some(mut known)) => {
                if let (Some(part), Some(stored)) = (known.get_mut(component as usize), stored.first()) {
                    *part = *stored;
                    frame.state.locals.insert(variable, known);
                }
            }
            _ => {}
        }
        frame.changed();
    }

    /// The bytes of what a pointer points to.
    fn pointed(&self, frame: &Frame<'a>, pointer: Handle<Expression>) -> u64 {
        match *frame.inner(pointer) {
            TypeInner::Pointer { base, .. } => {
                u64::from(self.module.types[base].inner.size(self.module.to_ctx()))
            }
            TypeInner::ValuePointer { size, scalar, .. } => {
                u64::from(size.map_or(1, |size| size as u8) * scalar.width)
            }
            _ => 0,
        }
    }

    /// So many texels of a texture, anywhere in it.
    fn texels(
        &mut self,
        frame: &Frame<'a>,
        image: Handle<Expression>,
        is_written: bool,
        count: u64,
        times: Times,
    ) {
        let place = Place { offset: None, ..frame.place(image) };
        let Root::Global(variable) = place.root else { return };
        let size = self.memory.texel(variable).unwrap_or(4);
        self.touch(&place, is_written, count * size, times);
    }

    /// A matrix of a subgroup: how far it reaches is not said.
    fn matrix(
        &mut self,
        frame: &Frame<'a>,
        pointer: Handle<Expression>,
        is_written: bool,
        times: Times,
        tally: &mut Tally,
    ) {
        if let Some(space) = self.space(frame, pointer) {
            tally.add(if is_written { Kind::Store(space) } else { Kind::Load(space) }, times.each);
        }
        let place = Place { offset: None, ..frame.place(pointer) };
        self.touch(&place, is_written, 0, Times { is_known: false, ..times });
    }
}
