-- Who may see and do what. Grants are the stack's: visitors (web_anon) may read and signed-in users (app_user) write
-- every table, so it is the policies that decide. A table without a policy for a role shows it nothing.
--
-- (select auth.uid()) rather than auth.uid(): asked once a statement, not once a row.

do $$
declare
  relation regclass;
begin
  for relation in
    select c.oid from pg_class c
    where c.relkind in ('r', 'p')
      and c.relnamespace in ('public'::regnamespace, 'common'::regnamespace, 'people'::regnamespace,
        'pipeline'::regnamespace, 'activities'::regnamespace, 'leads'::regnamespace, 'docs'::regnamespace)
      and pg_get_userbyid(c.relowner) = current_user
  loop
    execute format('alter table %s enable row level security', relation);
    -- Reports see everything; GraphQL's own permissions decide what its requests see.
    execute format('create policy reports on %s for select to read_only using (true)', relation);
    execute format('create policy graphql on %s to hasura using (true) with check (true)', relation);
  end loop;
end
$$;

-- Partitions are reached through their parent only; asked directly, they would have policies of their own.
revoke all on activities.logbook_2025, activities.logbook_2026, activities.logbook_later from web_anon, app_user;
-- A materialized view has no policies.
revoke all on pipeline.monthly_revenue from web_anon, app_user;

---------------------------------------------------------------- for everybody

create policy everybody on common.countries for select to web_anon, app_user using (true);
create policy everybody on common.tags for select to web_anon, app_user using (true);

create policy everybody on public.lighthouses for select to web_anon, app_user using (open);
create policy everybody on public.lighthouse_tags for select to web_anon, app_user using (true);
create policy everybody on public.rooms for select to web_anon, app_user
  using (exists (select from public.lighthouses l where l.id = lighthouse_id));
create policy everybody on public.reviews for select to web_anon, app_user using (true);
create policy everybody on activities.logbook for select to web_anon, app_user
  using (exists (select from public.lighthouses l where l.id = lighthouse_id));
create policy everybody on docs.documents for select to web_anon, app_user using (is_public);
create policy everybody on docs.revisions for select to web_anon, app_user
  using (exists (select from docs.documents d where d.id = document_id));

---------------------------------------------------------------- for guests, what is theirs

create policy own on people.accounts for select to app_user using (id = (select auth.uid()));
create policy own_update on people.accounts for update to app_user
  using (id = (select auth.uid()))
  with check (id = (select auth.uid()) and kind = 'guest');

create policy own on public.stays for select to app_user using (guest_id = (select auth.uid()));
create policy own_insert on public.stays for insert to app_user
  with check (guest_id = (select auth.uid()) and status = 'requested' and arrives >= current_date);
create policy own_cancel on public.stays for update to app_user
  using (guest_id = (select auth.uid()) and status in ('requested', 'confirmed'))
  with check (guest_id = (select auth.uid()) and status in ('requested', 'cancelled'));

create policy own on public.payments for select to app_user
  using (exists (select from public.stays s where s.id = stay_id and s.guest_id = (select auth.uid())));

create policy own_insert on public.reviews for insert to app_user
  with check (exists (
    select from public.stays s where s.id = stay_id and s.guest_id = (select auth.uid()) and s.status = 'finished'
  ));
create policy own_update on public.reviews for update to app_user
  using (exists (select from public.stays s where s.id = stay_id and s.guest_id = (select auth.uid())));

---------------------------------------------------------------- for staff, everything

create policy staff on common.tags to app_user using ((select people.is_staff()));
create policy staff on people.accounts for select to app_user using ((select people.is_staff()));
create policy staff on people.keepers to app_user using ((select people.is_staff()));
create policy staff on public.lighthouses to app_user using ((select people.is_staff()));
create policy staff on public.lighthouse_tags to app_user using ((select people.is_staff()));
create policy staff on public.rooms to app_user using ((select people.is_staff()));
create policy staff on public.stays to app_user using ((select people.is_staff()));
create policy staff on public.payments to app_user using ((select people.is_staff()));
create policy staff on leads.inquiries to app_user using ((select people.is_staff()));
create policy staff on pipeline.stages for select to app_user using ((select people.is_staff()));
create policy staff on pipeline.deals to app_user using ((select people.is_staff()));
create policy staff on pipeline.participants to app_user using ((select people.is_staff()));
create policy staff on activities.tasks to app_user using ((select people.is_staff()));
create policy staff on activities.logbook for insert to app_user
  with check (exists (select from people.keepers k where k.id = keeper_id and k.account_id = (select auth.uid())));
create policy staff on docs.documents to app_user using ((select people.is_staff()));
create policy staff on docs.revisions to app_user using ((select people.is_staff()));

-- What may change something, or sees more than its caller, is for whom it is meant to be; doctor asks about all others.
revoke execute on function public.book, public.cancel, activities.watch from public;
grant execute on function public.book, public.cancel to app_user;
grant execute on function activities.watch to app_user;
revoke execute on function public.free_rooms, public.inquire from public;
grant execute on function public.free_rooms, public.inquire to web_anon, app_user;
