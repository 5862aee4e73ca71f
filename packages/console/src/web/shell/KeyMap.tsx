import { Dialog, DialogHeading } from '@ariakit/react';
import { keyGroups } from '../../ui/keys.ts';

export function KeyMap({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog open onClose={onClose} className="dialog" backdrop={<div className="veil" />}>
      <DialogHeading>Keys</DialogHeading>
      <div className="key-map">
        {[...keyGroups].map(([group, keys]) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {keys.map(({ label, says }) => (
                <div key={label}>
                  <dt>
                    <kbd>{label}</kbd>
                  </dt>
                  <dd>{says}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
