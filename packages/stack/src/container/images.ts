import { type PinnedImage, type ServiceDefinition, type Stack, StackConfigError } from '../definition.ts';

/** An image as `${VARIABLE:-pinned}`. */
export function pinnedImage({ variable, pin }: PinnedImage): string {
  return `\${${variable}:-${pin}}`;
}

/** The reference's image of a service. */
export function upstreamImage({ name, image }: ServiceDefinition): string {
  if (image) return pinnedImage(image);
  throw new StackConfigError(`services.${name}: there is no image of the reference`);
}

/** Our own image of a service: one of its own, or the one that holds all our services. */
export function ownImage(stack: Stack, { ownImage }: ServiceDefinition): string {
  return pinnedImage(ownImage ?? { variable: 'PEAKSTONE_IMAGE', pin: stack.image });
}
