/// SQL that holds a row table's rows to their series, as a foreign key would, once for each statement: a foreign key looks for the series,
/// and locks it, once for each row. Rows of no series are refused, a row stays with its series, and goes with it.
func seriesRules(of table: String) -> String {
    """
    create function \(table)_have_series() returns trigger language plpgsql as $$
    declare
        given int[] := array(select distinct series_id from new_rows);
        known int[] := array(select id from series where id = any(given) order by id for key share);
    begin
        if cardinality(known) < cardinality(given) then
            raise foreign_key_violation using message = 'rows of \(table) are of a series that is not there';
        end if;
        return null;
    end $$;
    create trigger \(table)_have_series after insert on \(table)
        referencing new table as new_rows for each statement execute function \(table)_have_series();
    create function \(table)_stay() returns trigger language plpgsql as $$
    begin
        raise foreign_key_violation using message = 'a row of \(table) stays with its series';
    end $$;
    create trigger \(table)_stay before update of series_id on \(table)
        for each row when (old.series_id <> new.series_id) execute function \(table)_stay();
    create function \(table)_go_with_series() returns trigger language plpgsql as $$
    begin
        delete from \(table) where series_id = old.id;
        return null;
    end $$;
    create trigger \(table)_go_with_series after delete on series
        for each row execute function \(table)_go_with_series();
    """
}
