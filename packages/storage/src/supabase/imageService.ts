/** Where pictures are made. */
export interface Render {
  /** The address of a picture. @param options of the image service, `width:100/quality:80` */
  url(source: string, options: string): string;
  /** How the image service reaches this one. */
  readonly ownOrigin: string;
}
