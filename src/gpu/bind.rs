//! What kernels can be given: buffers and textures.

use super::Element;

/// What a kernel can be given.
pub(crate) trait Bind {
    /// The whole of it.
    fn binding(&self) -> wgpu::BindingResource<'_>;
    /// How large it is.
    fn bytes(&self) -> u64;
    /// What its values are, where that is known.
    fn element(&self) -> Option<Element> {
        None
    }
}

impl Bind for wgpu::TextureView {
    fn binding(&self) -> wgpu::BindingResource<'_> {
        wgpu::BindingResource::TextureView(self)
    }

    fn bytes(&self) -> u64 {
        let texture = self.texture();
        let texel = texture.format().block_copy_size(None).unwrap_or(4);
        u64::from(texture.width()) * u64::from(texture.height()) * u64::from(texel)
    }
}

impl Bind for wgpu::BufferBinding<'_> {
    fn binding(&self) -> wgpu::BindingResource<'_> {
        wgpu::BindingResource::Buffer(self.clone())
    }

    fn bytes(&self) -> u64 {
        self.size.map_or(self.buffer.size() - self.offset, u64::from)
    }
}
