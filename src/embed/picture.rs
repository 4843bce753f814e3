//! What of an application's textures is an image.

use crate::error::{Error, Result};
use crate::ops::image_input::{Placement, Texture};
use crate::shape::{Fit, Frame, Scaling};

/// A picture in a texture of the application, and how it comes to the size of the network's images: all of it or a crop, scaled
/// with all texels averaged that a pixel stands for (between texels linearly where the picture is smaller), on the device.
///
/// Any two-dimensional texture will do whose usages have `TEXTURE_BINDING` and whose values are floats or normalised: RGBA or
/// BGRA, 8 or 16 bits, half or whole floats. A `&TextureView` is a picture by itself: all that is seen through it, resized.
///
/// ```no_run
/// use dann::embed::Picture;
/// use dann::shape::Fit;
///
/// # fn pictures(atlas: &dann::wgpu::TextureView, layers: &dann::wgpu::Texture) {
/// // The second of three pictures of 64×64 texels side by side, on white where it is transparent.
/// let second = Picture::new(atlas).crop(64.0, 0.0, 64.0, 64.0).ground([1.0; 3]);
/// // Layers of an array texture, their proportions kept.
/// let all: Vec<Picture> = (0..8).map(|layer| Picture::layer(layers, layer).fit(Fit::Scale)).collect();
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Picture {
    /// A view of one level of a two-dimensional texture; of the first one where a crop or proportions are to be kept to.
    pub view: wgpu::TextureView,
    /// What its values are: by the texture's own format, if nothing else is said.
    pub holds: Texture,
    /// Left, top, width and height of what is seen, in texels; all of it if left out. Nothing beyond is looked at.
    pub crop: Option<[f32; 4]>,
    /// How what is seen comes to the size of the network's images.
    pub fit: Fit,
    /// The colour, as sRGB encodes it, on which it is laid by its alpha, and that is around it where it does not fill the image.
    /// Black, and texels without their alpha, if left out.
    pub ground: Option<[f32; 3]>,
    /// The layer that was asked for and is not there.
    missing: Option<u32>,
}

impl From<&wgpu::TextureView> for Picture {
    fn from(view: &wgpu::TextureView) -> Self {
        Self::new(view)
    }
}

impl Picture {
    /// All that is seen through a view, resized: grey where the texture's format has one or two components, and encoded back
    /// from linear light where it is an sRGB one.
    pub fn new(view: &wgpu::TextureView) -> Self {
        let holds = Texture::of(view.texture().format());
        Self { view: view.clone(), holds, crop: None, fit: Fit::Resize, ground: None, missing: None }
    }

    /// A layer of an array texture, or the only one of another. One that is not there is refused where the picture is used.
    pub fn layer(texture: &wgpu::Texture, layer: u32) -> Self {
        let is_there =
            texture.dimension() == wgpu::TextureDimension::D2 && layer < texture.depth_or_array_layers();
        let one = wgpu::TextureViewDescriptor {
            dimension: Some(wgpu::TextureViewDimension::D2),
            mip_level_count: Some(1),
            base_array_layer: layer,
            array_layer_count: Some(1),
            ..Default::default()
        };
        // The device's handlers would be told of a view of what is not there.
        let view = texture.create_view(&if is_there { one } else { Default::default() });
        Self { missing: (!is_there).then_some(layer), ..Self::new(&view) }
    }

    /// The same, whose values are something else than the texture's format says: linear light in floats, for instance, or a view
    /// of another format.
    #[must_use]
    pub fn holds(self, holds: Texture) -> Self {
        Self { holds, ..self }
    }

    /// The same, of which only this is seen; in texels.
    #[must_use]
    pub fn crop(self, left: f32, top: f32, width: f32, height: f32) -> Self {
        Self { crop: Some([left, top, width, height]), ..self }
    }

    /// The same, brought to size in another way.
    #[must_use]
    pub fn fit(self, fit: Fit) -> Self {
        Self { fit, ..self }
    }

    /// The same, laid on a colour, as sRGB encodes it.
    #[must_use]
    pub fn ground(self, colour: [f32; 3]) -> Self {
        Self { ground: Some(colour), ..self }
    }

    /// How it comes to the size of `frame`.
    pub(super) fn placed(&self, frame: Frame) -> Result<(wgpu::TextureView, Placement)> {
        self.check()?;
        let texture = self.view.texture();
        let all = [0.0, 0.0, texture.width() as f32, texture.height() as f32];
        let [left, top, width, height] = self.crop.unwrap_or(all);
        let texels = |length: f32| (length.round() as usize).max(1);
        let frame = frame.fit(self.fit);
        let Scaling { height: rows, width: columns, whole } = frame.scaling(texels(height), texels(width));
        let crop = if whole {
            self.crop
        } else {
            // As large a middle as has the proportions of what it is scaled to.
            let (high, wide) = (rows as f32, columns as f32);
            let (height_seen, width_seen) =
                (height.min(width * high / wide), width.min(height * wide / high));
            let (beside, above) = ((width - width_seen) / 2.0, (height - height_seen) / 2.0);
            Some([left + beside, top + above, width_seen, height_seen])
        };
        let placement = Placement { holds: self.holds, crop, size: [rows, columns], ground: self.ground };
        Ok((self.view.clone(), placement))
    }

    /// Refuses what no image can be made of.
    fn check(&self) -> Result<()> {
        const NAME: &str = "a picture";
        let texture = self.view.texture();
        if let Some(layer) = self.missing {
            let layers = match texture.dimension() {
                wgpu::TextureDimension::D2 => texture.depth_or_array_layers(),
                _ => 0,
            };
            let expected = format!("one of the {layers} two-dimensional layers of its texture");
            return Err(Error::input(NAME, expected, format!("layer {layer}")));
        }
        if !texture.usage().contains(wgpu::TextureUsages::TEXTURE_BINDING) {
            let found = format!("{:?}", texture.usage());
            return Err(Error::input(NAME, "a texture whose usages have TEXTURE_BINDING", found));
        }
        let format = texture.format();
        let kind = format.sample_type(None, None);
        if !matches!(kind, Some(wgpu::TextureSampleType::Float { .. })) || texture.sample_count() != 1 {
            let found = format!("{format:?} with {} samples", texture.sample_count());
            return Err(Error::input(NAME, "float or normalised values, one sample a texel", found));
        }
        let fits =
            |from: f32, length: f32, size: u32| from >= 0.0 && length > 0.0 && from + length <= size as f32;
        let [left, top, width, height] = self.crop.unwrap_or([0.0, 0.0, 1.0, 1.0]);
        if !fits(left, width, texture.width()) || !fits(top, height, texture.height()) {
            let expected = format!("a crop within its {}×{} texels", texture.width(), texture.height());
            let found = format!("{width}×{height} from ({left}, {top}) on");
            return Err(Error::input(NAME, expected, found));
        }
        match self.ground.filter(|ground| !ground.iter().all(|part| part.is_finite())) {
            Some(ground) => Err(Error::input(NAME, "a colour to lay it on", format!("{ground:?}"))),
            None => Ok(()),
        }
    }
}
