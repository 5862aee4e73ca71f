/** Of encryption nothing is said at this door: the bucket decides, and what a customer's own key seals is for S3 alone. */
export const unsaid = { headers: {} } as const;
