/** The version whose behaviour is kept: what sources and logs are told. */
export const productVersion = '4.0.12';
